"""The rubric's training: nothing is learned; ``rubric_trainer`` says what people show that it is worth."""
