"""From patents to firms: likely licensees and a holder's chances."""
