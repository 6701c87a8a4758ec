import enum
class Usage(enum.Enum):
    TEXTURE=0
imported=[]
def import_project_resource(file_path, resource_usage, name=None, group=None): imported.append(file_path)
