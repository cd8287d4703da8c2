"""The core's commands; each file is imported when one of its commands is called."""
