"""What names say: words, the names of a set in the light of each other, and the materials that they make."""
