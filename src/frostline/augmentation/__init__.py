"""What befalls training items before the network sees them."""
