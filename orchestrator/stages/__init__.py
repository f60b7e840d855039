"""One public function each; siblings never import each other."""
