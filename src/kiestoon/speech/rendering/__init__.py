"""The renderer: a process of its own that speaks texts into files, so that nothing of it can hold up or end a call."""
