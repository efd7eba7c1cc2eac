"""Privacy: what synthetic rows tell of the people in the real ones, against what fresh real rows would tell."""
