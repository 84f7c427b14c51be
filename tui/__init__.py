"""The screens: a face of the engine."""
