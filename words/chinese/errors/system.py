"""Chinese for the messages of the system (`errors.system_reason`), by their English templates."""

TEXTS: dict[str, str] = {
    "Permission denied": "没有权限",
    "No such file or directory": "没有这个文件或文件夹",
    "No space left on device": "磁盘空间不足",
    "Read-only file system": "文件系统只读",
    "Is a directory": "是文件夹",
    "Not a directory": "不是文件夹",
    "File exists": "文件已存在",
    "File name too long": "文件名过长",
    "Too many open files": "打开的文件过多",
    "Input/output error": "读写出错",
    "Broken pipe": "管道已断开",
    "Cannot allocate memory": "无法分配内存",
    "Resource temporarily unavailable": "资源暂时不可用",
}
