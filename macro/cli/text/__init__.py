"""Read templates with positions, edit them in place, write them, and print text safely."""
