"""What the exchange does for telephones beside their calls: lamps; provisioning and hot desking are to follow."""
