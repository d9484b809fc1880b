"""Demo interviews: recordings that no person ever gave, with the truth about them written down."""
