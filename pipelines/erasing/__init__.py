"""The parts of ``viva erase``: a person's rows taken out of tables, and a look at what is left."""
