package bolt

// SetSalvageStep calls fn between any two steps of a salvage. It is for a process of its own.
func SetSalvageStep(fn func(step string)) { salvageStep = fn }
