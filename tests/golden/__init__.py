"""What the commands print for some networks, kept as files beside this one."""
