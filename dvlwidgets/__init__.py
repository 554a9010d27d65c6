"""dvlwidgets: find the training points that help, hurt or are mislabelled, and fix them, live in a notebook."""
