#!/bin/bash
# Finds out what an installation can do: trial.sh METHOD…. It runs in an empty folder, and prints lines of `word value`.
foamDictionary -help 2>&1 | sed -n 's/^Using: */using /p'
command -v mpirun > /dev/null && echo 'mpirun yes'
command -v wmake > /dev/null && command -v g++ > /dev/null && echo 'compiler yes'

head() { printf 'FoamFile { version 2.0; format ascii; class dictionary; object %s; }\n' "$1"; }
mkdir -p system constant
{ head controlDict; echo 'application none; startFrom startTime; startTime 0; stopAt endTime; endTime 1; deltaT 1; writeControl timeStep; writeInterval 1;'; } > system/controlDict
{ head fvSchemes; echo 'ddtSchemes {} gradSchemes {} divSchemes {} laplacianSchemes {} interpolationSchemes {} snGradSchemes {}'; } > system/fvSchemes
head fvSolution > system/fvSolution
{
    head blockMeshDict
    echo 'vertices ((0 0 0) (1 0 0) (1 1 0) (0 1 0) (0 0 1) (1 0 1) (1 1 1) (0 1 1));'
    echo 'blocks (hex (0 1 2 3 4 5 6 7) (2 2 1) simpleGrading (1 1 1)); edges (); boundary ();'
} > system/blockMeshDict
blockMesh > log 2>&1 && echo 'mesh yes'
for method in "$@"; do
    { head decomposeParDict; echo "numberOfSubdomains 2; method $method; simpleCoeffs { n (2 1 1); delta 0.001; } hierarchicalCoeffs { n (2 1 1); delta 0.001; order xyz; }"; } > system/decomposeParDict
    rm -rf processor*
    decomposePar > log 2>&1 && [ -d processor1 ] && echo "method $method"
done
exit 0
