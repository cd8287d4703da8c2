"""Kinds of steps: what they ask for, how they are checked and carried out. The core's and those of enabled plugins."""
