"""What is measured, a file for each subject; each row stands beside the function that measures it."""
