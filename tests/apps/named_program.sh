# What a program of named tasks is asked for, as the guide has it.
named_program list
named_program call repeat '"ab"' 3
named_program call --where process --timeout 5s repeat '"ab"' 3
