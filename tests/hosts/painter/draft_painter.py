import os,sys,time,shutil,subprocess
from pathlib import Path
os.environ["QT_QPA_PLATFORM"]="offscreen"; sys.path[:0]=["/tmp/ptext","/tmp/ptext/fake"]; os.environ["CG_UPSCALE"]="/tmp/eng/cg-upscale"
from PySide6 import QtWidgets, QtCore
import substance_painter as p, cg_upscaler_painter as plug
app=QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
QtCore.QSettings.setPath(QtCore.QSettings.NativeFormat, QtCore.QSettings.UserScope, "/tmp/ptext/settings")
EX=Path("/work/main/examples/textures")
def wait(cond, s=60):
    end=time.time()+s
    while not cond():
        app.processEvents(); time.sleep(.01); assert time.time()<end
def test_flow(tmp_path):
    plug.start_plugin(); d=plug._dock; d.resize(360,520); d.show()
    files=[]
    for n,to in (("Ground010_1K_Color.png","Robot_Body_BaseColor.png"),("Ground010_1K_Normal.png","Robot_Body_Normal_OpenGL.png")):
        shutil.copy(next(EX.rglob(n)),tmp_path/to); files.append(str(tmp_path/to))
    app.processEvents(); d.grab().save("/tmp/ptext/idle.png")
    d.model.setCurrentIndex(2); d.into.setText(str(tmp_path/"big")); d.automatic.setChecked(True)
    for cls,cb in p.event.DISPATCHER.to: cb(p.event.ExportTexturesEnded(p.export.ExportStatus.Success,"",{("Body",""):files}))
    wait(lambda: d.bar.value()>0); d.grab().save("/tmp/ptext/busy.png")
    wait(lambda: not d.busy); app.processEvents(); d.grab().save("/tmp/ptext/done.png"); print(d.result.toPlainText())
    subprocess.run(["/tmp/eng/cg-upscale","run",str(tmp_path),"--only","Robot*","--out",str(tmp_path/"cli"),"--model","realesr-animevideov3","--scale","2","-q"],check=True,cwd="/tmp")
    for f in files: assert (tmp_path/"big"/Path(f).name).read_bytes()==(tmp_path/"cli"/Path(f).name).read_bytes()
    d._upscale({files[0]:{}}, d._on_file); wait(lambda: not d.busy); assert p.resource.imported
    d.model.setCurrentIndex(0); d.scale.setCurrentIndex(1); d.into.setText(str(tmp_path/"slow")); big=tmp_path/"Robot_Big_BaseColor.png"
    import struct,zlib,random
    w=512; raw=b"".join(b"\0"+random.randbytes(w*3) for _ in range(w)); chunk=lambda t,b: struct.pack(">I",len(b))+t+b+struct.pack(">I",zlib.crc32(t+b))
    big.write_bytes(b"\x89PNG\r\n\x1a\n"+chunk(b"IHDR",struct.pack(">IIBBBBB",w,w,8,2,0,0,0))+chunk(b"IDAT",zlib.compress(raw))+chunk(b"IEND",b""))
    d._upscale({str(big):{}},None); wait(lambda: d.bar.value()>0); d.cancel(); wait(lambda: not d.busy); assert "Cancelled" in d.result.toPlainText()
    d.engine.setText("/nowhere"); d.test(); assert "is not there" in d.result.toPlainText(); d.engine.setText(""); d.test(); wait(lambda: not d.busy); assert "Found" in d.result.toPlainText(), d.result.toPlainText()
    plug.close_plugin(); assert not p.event.DISPATCHER.to and not p.ui.docks
    time.sleep(1); assert "cg_upscaler.cli worker" not in subprocess.run(["ps","axo","args"],capture_output=True,text=True).stdout
def test_names():
    from cg_upscaler_painter.exports import given
    assert given("/x/Robot_Body_BaseColor.1001.png","Body","","Robot")=={"kind":"base_color"}
    assert given("/x/Body_OcclusionRoughnessMetallic.png","Body")["channels"]["g"]=="roughness"
    assert given("/x/T_Body_N.png","Body")=={}
    assert given("/x/Color_Normal_DirectX.png","Color")=={"kind":"normal","normal_convention":"directx"}
