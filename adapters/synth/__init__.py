"""Made-up young people, in pairs of files whose true pairs are known: `hub synth`.

Nobody here is real. What is like the country: how common names are, in which districts people
live, how their numbers are checked, and which mistakes two offices make about one person. The
matching is measured on these people, so nothing here may come from the matching: neither its
names nor its short forms (an import contract and a test hold that).
"""
