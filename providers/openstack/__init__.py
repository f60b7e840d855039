"""OpenStack by openstacksdk."""
