"""Who and what: companies, people, numbers, devices, trunks. Plain data and rules."""
