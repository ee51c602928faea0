"""Recipes: what was done from opening to the current step, to be read, replayed and checked."""

from workbench.recipes.outcome import Difference, Outcome
from workbench.recipes.reading import read_recipe, recipe_from_yaml
from workbench.recipes.recipe import Entry, Recipe

__all__ = ["Difference", "Entry", "Outcome", "Recipe", "read_recipe", "recipe_from_yaml"]
