"""Steps that a project's later jobs need not do again, as nothing that goes into them changed."""
