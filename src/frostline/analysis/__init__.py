"""From stored outcomes to what they allow one to say."""
