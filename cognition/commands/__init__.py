"""What each command of the CLI does, a module a family. Clients of the daemon, nothing more."""
