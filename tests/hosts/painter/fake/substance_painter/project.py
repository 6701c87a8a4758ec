def is_open(): return True
def file_path(): return "/x/Robot.spp"
