"""Everything said between Leitstand and an Ollama server; the only place that knows its HTTP."""
