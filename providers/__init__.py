"""The providers that ship; each sees only model, seams and the kit."""
