"""What is done to a record from outside: deployed, looked after, rebuilt, told again, restored."""
