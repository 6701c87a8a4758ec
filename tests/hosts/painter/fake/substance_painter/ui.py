docks=[]
def add_dock_widget(widget, ui_modes=0): docks.append(widget); return widget
def delete_ui_element(element): docks.remove(element); element.deleteLater()
