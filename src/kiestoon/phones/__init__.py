"""What the exchange does for telephones beside their calls: lamps; provisioning is to follow."""
