import os, sys, pathlib, hashlib, subprocess
os.environ["BLENDER_USER_RESOURCES"]="/tmp/blres"; os.environ["CG_UPSCALE"]="/tmp/eng/cg-upscale"
import bpy, numpy as np, pytest
from pathlib import Path
ID="bl_ext.user_default.cg_upscaler"
EX=Path("/work/main/examples/textures")
@pytest.fixture(autouse=True)
def addon():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(filepath="/tmp/ext/cg_upscaler-0.1.0.zip",repo="user_default",enable_on_install=True,overwrite=True)
    yield
    import addon_utils; addon_utils.disable(ID)
def copy(tmp,*names):
    import shutil; out=[]
    for n in names:
        src=next(EX.rglob(n)); shutil.copy(src,tmp/n); out.append(tmp/n)
    return out
def material(color,normal):
    m=bpy.data.materials.new("M"); m.use_nodes=True; t=m.node_tree; p=next(n for n in t.nodes if n.type=='BSDF_PRINCIPLED')
    a,b=(t.nodes.new('ShaderNodeTexImage') for _ in 'ab'); nm=t.nodes.new('ShaderNodeNormalMap')
    a.image=bpy.data.images.load(str(color)); b.image=bpy.data.images.load(str(normal)); b.image.colorspace_settings.name='Non-Color'
    L=t.links.new; L(p.inputs['Base Color'],a.outputs[0]); L(nm.inputs['Color'],b.outputs[0]); L(p.inputs['Normal'],nm.outputs[0])
    return m,a,b
def test_material(tmp_path):
    color,normal=copy(tmp_path,"Ground010_1K_Color.png","Ground010_1K_Normal.png")
    m,a,b=material(color,normal); s=bpy.context.scene.cg_upscaler; s.model='realesr-animevideov3'; s.scale='2'; s.where='FOLDER'; s.folder=str(tmp_path/"big")
    assert bpy.ops.cg_upscaler.material(name="M")=={'FINISHED'}
    assert b.image.colorspace_settings.name=='Non-Color' and tuple(b.image.size)==(256,256), (b.image.name, tuple(b.image.size))
    assert tuple(a.image.size)==(256,256) and Path(bpy.path.abspath(a.image.filepath)).parent==tmp_path/"big"
    subprocess.run(["/tmp/eng/cg-upscale","run",str(tmp_path),"--only","Ground*","--out",str(tmp_path/"cli"),"--model","realesr-animevideov3","--scale","2","-q"],check=True,cwd="/tmp")
    for n in (color.name,normal.name): assert (tmp_path/"cli"/n).read_bytes()==(tmp_path/"big"/n).read_bytes(), n
    assert bpy.ops.cg_upscaler.toggle(name=a.image.name)=={'FINISHED'}; assert tuple(a.image.size)==(128,128)
def test_beside_and_painted(tmp_path):
    (color,)=copy(tmp_path,"Ground010_1K_Color.png"); s=bpy.context.scene.cg_upscaler; s.model='bicubic'; s.scale='2'
    i=bpy.data.images.load(str(color)); assert bpy.ops.cg_upscaler.image(name=i.name)=={'FINISHED'}
    assert (tmp_path/"Ground010_1K_Color_upscaled.png").is_file()
    g=bpy.data.images.new("painted",16,16,alpha=True); g.pixels.foreach_set(np.random.rand(1024).astype('f'))
    assert bpy.ops.cg_upscaler.image(name="painted")=={'FINISHED'}
    r=bpy.data.images["painted_upscaled"]; assert r.packed_file and tuple(r.size)==(32,32)
def test_preview_and_test(tmp_path):
    (color,)=copy(tmp_path,"Ground010_1K_Color.png"); i=bpy.data.images.load(str(color))
    assert bpy.ops.cg_upscaler.preview(name=i.name)=={'FINISHED'}; assert tuple(bpy.data.images[f"{i.name} (draft)"].size)==(512,512)
    assert bpy.ops.cg_upscaler.test()=={'FINISHED'}; print(bpy.context.preferences.addons[ID].preferences.found)
def test_bad(tmp_path,capfd):
    assert bpy.ops.cg_upscaler.image(name="nothing")=={"CANCELLED"}
    i=bpy.data.images.load(str(copy(tmp_path,"Ground010_1K_Color.png")[0])); os.remove(tmp_path/"Ground010_1K_Color.png")
    with pytest.raises(RuntimeError, match="there is no"): bpy.ops.cg_upscaler.image(name=i.name)
    bpy.context.preferences.addons[ID].preferences.engine="/nowhere"
    g=bpy.data.images.new("painted",16,16)
    with pytest.raises(RuntimeError, match="is not there or holds no cg-upscale"): bpy.ops.cg_upscaler.image(name="painted")
    bpy.context.preferences.addons[ID].preferences.engine=""
