"""`make chaos`: kill everything under load, then account for every entry."""
