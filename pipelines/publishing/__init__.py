"""From a model version to a champion: evidence, card, signed bundle, registry, aliases."""
