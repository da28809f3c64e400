"""Single stored records: the form in which one is entered again, patches of it, saving it, finding it by a number of its own."""
