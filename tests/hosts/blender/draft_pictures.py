import sys, importlib, types, pathlib
import bpy, numpy as np
pkg=types.ModuleType("addon"); pkg.__path__=["/tmp/wt7/plugins/blender/cg_upscaler"]; sys.modules["addon"]=pkg
pictures=importlib.import_module("addon.pictures")
def fresh(): bpy.ops.wm.read_factory_settings(use_empty=True)
def test_file(tmp_path):
    fresh(); i=bpy.data.images.new("gen",8,8,alpha=True); i.pixels.foreach_set(np.random.rand(256).astype('f'))
    p=pictures.file_of(i,tmp_path); assert p.name=='gen.png' and p.is_file()
    j=bpy.data.images.load(str(p)); assert pictures.file_of(j,tmp_path)==p
    raw=p.read_bytes(); j.pack(); p.unlink(); q=pictures.file_of(j,tmp_path); assert q.read_bytes()==raw
    j.colorspace_settings.name='Non-Color'; j.alpha_mode='CHANNEL_PACKED'
    r=pictures.load_result(q,j,pack=True); assert r.colorspace_settings.name=='Non-Color' and r.alpha_mode=='CHANNEL_PACKED' and r.packed_file and tuple(r.size)==(8,8)
    assert pictures.other_of(r)==j and pictures.other_of(j)==r
    r2=pictures.load_result(q,j,pack=False); assert r2==r and r2.packed_file is None
    before=np.empty(256,'f'); i.pixels.foreach_get(before); after=np.empty(256,'f'); bpy.data.images.load(str(q)).pixels.foreach_get(after)
    assert abs(before-after).max()<0.01
def test_float(tmp_path):
    fresh(); i=bpy.data.images.new("f",8,8,float_buffer=True); i.pixels.foreach_set(np.full(256,2.5,'f'))
    assert pictures.file_of(i,tmp_path).suffix=='.exr'
def test_refused(tmp_path):
    import pytest
    fresh(); i=bpy.data.images.new("t",8,8,tiled=True)
    with pytest.raises(pictures.Refused): pictures.file_of(i,tmp_path)
