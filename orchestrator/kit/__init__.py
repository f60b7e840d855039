"""What a provider author builds with: comparison, declarative kinds, simulators' base."""
