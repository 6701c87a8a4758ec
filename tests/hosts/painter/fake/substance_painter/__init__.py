from . import event, export, logging, project, resource, ui
