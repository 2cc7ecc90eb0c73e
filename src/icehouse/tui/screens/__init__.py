"""The screens: each a list with its own source, actions and words; they decide nothing that services decide."""
