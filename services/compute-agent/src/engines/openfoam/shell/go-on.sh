#!/bin/bash
# Lets the solver go on from its latest time: go-on.sh ENTRIES. The last entry of a name counts. It takes the place of an earlier one.
[ -f .muster-control ] || cp system/controlDict .muster-control || exit
cat .muster-control - > system/controlDict <<< "
startFrom latestTime;
$1"
