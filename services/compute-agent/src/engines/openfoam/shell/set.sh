#!/bin/bash
# Sets an entry of a dictionary: set.sh FILE ENTRY VALUE. Without the first option its macros and includes would be expanded and lost.
exec foamDictionary -disableFunctionEntries -entry "$2" -set "$3" "$1"
