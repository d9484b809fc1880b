"""Its training: nothing is learned but the mean and the spread of the applicants."""
