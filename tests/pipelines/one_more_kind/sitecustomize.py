"""Put these folders beside the packages' own, in every process that finds this file on its path."""

from pathlib import Path

import vivavoce.models
import vivavoce.training

for package in (vivavoce.models, vivavoce.training):
    package.__path__.append(str(Path(__file__).with_name(package.__name__.rpartition(".")[2])))
