"""May this be told, to them, for this? A pure answer from agreements, flags and facts."""
