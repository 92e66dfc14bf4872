"""
Draws how fast an OpenFOAM case flows in its middle at its last time: pvpython flow.py HOST PORT FILE PICTURE

The ParaView server reads the case and samples it; the picture is made of the samples, so that neither side needs a display.
"""
import sys

from paraview import servermanager
from paraview.simple import Calculator, Connect, OpenFOAMReader, ResampleToImage, UpdatePipeline
from vtkmodules.vtkCommonCore import vtkLookupTable
from vtkmodules.vtkImagingCore import vtkImageMapToColors
from vtkmodules.vtkIOImage import vtkPNGWriter

host, port, file, picture = sys.argv[1:5]
if Connect(host, int(port)) is None:
    sys.exit('the server did not let us in')
flow = OpenFOAMReader(FileName=file)
flow.UpdatePipelineInformation()
last = list(flow.TimestepValues)[-1]
speed = Calculator(Input=flow, Function='mag(U)', ResultArrayName='speed', AttributeType='Point Data')
UpdatePipeline(last, speed)
x0, x1, y0, y1, z0, z1 = speed.GetDataInformation().GetBounds()
middle = (z0 + z1) / 2
samples = ResampleToImage(Input=speed, UseInputBounds=0, SamplingDimensions=[480, 480, 1])
samples.SamplingBounds = [x0, x1, y0, y1, middle, middle]
UpdatePipeline(last, samples)
image = servermanager.Fetch(samples)
if image.IsA('vtkMultiBlockDataSet'):
    image = image.GetBlock(0)
image.GetPointData().SetActiveScalars('speed')
colours = vtkLookupTable()
colours.SetTableRange(image.GetPointData().GetArray('speed').GetRange())
colours.SetHueRange(0.667, 0.0)
colours.Build()
mapped = vtkImageMapToColors()
mapped.SetLookupTable(colours)
mapped.SetInputData(image)
writer = vtkPNGWriter()
writer.SetFileName(picture)
writer.SetInputConnection(mapped.GetOutputPort())
writer.Write()
print(f'drawn at time {last:g}, up to {colours.GetTableRange()[1]:.3g} m/s')
