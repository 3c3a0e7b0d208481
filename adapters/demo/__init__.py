"""A small region of made-up people, and the story that is told with it."""
