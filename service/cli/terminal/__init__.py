"""The parts that commands share: language, options, output, the installation they work on."""
