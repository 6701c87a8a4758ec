import sys, importlib.util
import bpy
spec=importlib.util.spec_from_file_location("nodes","/tmp/wt7/plugins/blender/cg_upscaler/nodes.py"); nodes=importlib.util.module_from_spec(spec); sys.modules["nodes"]=nodes; spec.loader.exec_module(nodes)
def img(name, **k):
    i=bpy.data.images.new(name,8,8,alpha=True); i.file_format='PNG'; return i
def mat():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    m=bpy.data.materials.new("M"); m.use_nodes=True; t=m.node_tree
    p=next(n for n in t.nodes if n.type=='BSDF_PRINCIPLED'); return m,t,p
def tex(t,name):
    n=t.nodes.new('ShaderNodeTexImage'); n.image=bpy.data.images.get(name) or img(name); return n
def given(t): return {f.image.name:f.given for f in nodes.images_of(t)}
def test_direct():
    m,t,p=mat(); a,b,c=tex(t,'c'),tex(t,'r'),tex(t,'n'); nm=t.nodes.new('ShaderNodeNormalMap')
    t.links.new(p.inputs['Base Color'],a.outputs['Color']); t.links.new(p.inputs['Alpha'],a.outputs['Alpha'])
    t.links.new(p.inputs['Roughness'],b.outputs['Color']); t.links.new(nm.inputs['Color'],c.outputs['Color']); t.links.new(p.inputs['Normal'],nm.outputs['Normal'])
    assert given(t)=={'c':{'kind':'base_color'},'r':{'kind':'roughness'},'n':{'kind':'normal','normal_convention':'opengl'}}, given(t)
def test_packed():
    m,t,p=mat(); a=tex(t,'orm'); s=t.nodes.new('ShaderNodeSeparateColor'); t.links.new(s.inputs[0],a.outputs['Color'])
    t.links.new(p.inputs['Roughness'],s.outputs['Green']); t.links.new(p.inputs['Metallic'],s.outputs['Blue'])
    assert given(t)=={'orm':{'channels':{'g':'roughness','b':'metallic'}}}, given(t)
def test_directx():
    m,t,p=mat(); a=tex(t,'n'); s=t.nodes.new('ShaderNodeSeparateColor'); c=t.nodes.new('ShaderNodeCombineColor'); inv=t.nodes.new('ShaderNodeInvert'); nm=t.nodes.new('ShaderNodeNormalMap')
    L=t.links.new
    L(s.inputs[0],a.outputs['Color']); L(c.inputs[0],s.outputs[0]); L(inv.inputs['Color'],s.outputs[1]); L(c.inputs[1],inv.outputs[0]); L(c.inputs[2],s.outputs[2]); L(nm.inputs['Color'],c.outputs[0]); L(p.inputs['Normal'],nm.outputs[0])
    assert given(t)=={'n':{'kind':'normal','normal_convention':'directx'}}, given(t)
def test_gloss_and_mix_and_bump():
    m,t,p=mat(); a,b,g,h,dirt=[tex(t,n) for n in ('a','b','gl','h','dirt')]; L=t.links.new
    inv=t.nodes.new('ShaderNodeInvert'); L(inv.inputs['Color'],g.outputs[0]); L(p.inputs['Roughness'],inv.outputs[0])
    mix=t.nodes.new('ShaderNodeMix'); mix.data_type='RGBA'; L(mix.inputs[6],a.outputs[0]); L(mix.inputs[7],dirt.outputs[0]); L(p.inputs['Base Color'],mix.outputs[2])
    bump=t.nodes.new('ShaderNodeBump'); L(bump.inputs['Height'],h.outputs[0]); L(p.inputs['Normal'],bump.outputs[0])
    assert given(t)=={'a':{},'dirt':{},'gl':{'kind':'gloss'},'h':{'kind':'height'},'b':{}}, given(t)
def test_group():
    m,t,p=mat(); g=bpy.data.node_groups.new('G','ShaderNodeTree'); g.interface.new_socket('In',in_out='INPUT',socket_type='NodeSocketColor'); g.interface.new_socket('Rough',in_out='OUTPUT',socket_type='NodeSocketColor'); g.interface.new_socket('Col',in_out='OUTPUT',socket_type='NodeSocketColor')
    gi,go=g.nodes.new('NodeGroupInput'),g.nodes.new('NodeGroupOutput'); inner=tex(g,'inside'); rr=g.nodes.new('NodeReroute')
    g.links.new(rr.inputs[0],gi.outputs['In']); g.links.new(go.inputs['Rough'],rr.outputs[0]); g.links.new(go.inputs['Col'],inner.outputs[0])
    n=t.nodes.new('ShaderNodeGroup'); n.node_tree=g; out=tex(t,'outside'); L=t.links.new
    L(n.inputs['In'],out.outputs[0]); L(p.inputs['Roughness'],n.outputs['Rough']); L(p.inputs['Base Color'],n.outputs['Col'])
    assert given(t)=={'inside':{'kind':'base_color'},'outside':{'kind':'roughness'}}, given(t)
def test_alpha_and_edges():
    m,t,p=mat(); a=tex(t,'a'); a.extension='EXTEND'; a.image.alpha_mode='CHANNEL_PACKED'; t.links.new(p.inputs['Base Color'],a.outputs[0]); t.links.new(p.inputs['Roughness'],a.outputs[1])
    assert given(t)=={'a':{'kind':'base_color','alpha':'mask','edges':'clamp'}}, given(t)
def test_muted_and_cyclic():
    m,t,p=mat(); a=tex(t,'a'); hs=t.nodes.new('ShaderNodeHueSaturation'); hs.mute=True; t.links.new(hs.inputs['Color'],a.outputs[0]); t.links.new(p.inputs['Base Color'],hs.outputs[0])
    assert given(t)=={'a':{'kind':'base_color'}}, given(t)
    r1,r2=t.nodes.new('NodeReroute'),t.nodes.new('NodeReroute'); t.links.new(r1.inputs[0],r2.outputs[0]); t.links.new(r2.inputs[0],r1.outputs[0]); t.links.new(p.inputs['Metallic'],r1.outputs[0])
    given(t)
