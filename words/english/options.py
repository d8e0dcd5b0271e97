"""What `--help` says, in English; the same keys as in `words.chinese.options`.

The help of each option stands under the option; `usage` is 7 columns wide.
"""

TEXTS: dict[str, dict[str, str]] = {
    "options": {
        "usage": "usage: ",
        "description": "Evaluate a network that reads age from ultrasound images, on the test "
        "split that training left aside: page, metrics, figures, lists and heatmaps.",
        "epilog": "first run, with nothing but this repository:\n"
        "  python evaluate.py --demo\n"
        "comparing runs:\n"
        "  python evaluate.py --compare evaluation_results/A evaluation_results/B",
        "setting": "(from the checkpoint, else {})",
        "options": "options",
        "usage_common": "--checkpoint FILE --image-dir DIR --excel-path FILE [options]",
        "--help": "show the options that people use",
        "--help-all": "show every option",
        "inputs": "what to evaluate",
        "--checkpoint": "trained network (.pth, .safetensors)",
        "--image-dir": "folder of images (anon_<subject>_<n>.png)",
        "--excel-path": "workbook with the ages (.xlsx)",
        "--mask-dir": "folder of masks (default: Masks beside Images)",
        "--cohort": "block of the workbook, such as Healthy (default: from the image folder's "
        "path)",
        "--sheet": "sheet of the workbook (default: the one with ages)",
        "--trust-checkpoint": "also run the code that a checkpoint may hold: only for files whose "
        "author you know",
        "--allow-skipped": "go on when more than 20%% of the images cannot be used",
        "--demo": "train on made-up images for a minute, and evaluate that",
        "split": "the split",
        "split_note": "An option that changes it may put training images into the test set.",
        "--split": "images to evaluate (default: test); none: all, no split",
        "--check-split": "earlier results, or a list of file names, that the test set has to equal",
        "--no-stratify": "split without regard to age",
        "running": "running",
        "--device": "(default: auto, the GPU where there is one)",
        "--batch-size": "(default: 8 on a CPU, 128 on CUDA, 32 on MPS)",
        "--num-workers": "threads that decode images (default: one per core, at most 16)",
        "--amp": "bfloat16 up to the target layer",
        "--compile": "compile the network first: pays from about 2,000 images on a CPU",
        "gradcam": "Grad-CAM",
        "--cam-layer": "target layer, such as layer3 or layer4[-1].conv2 (default: layer4)",
        "--cam-sign": "evidence shown in the figures of single images (default: older, the "
        "classical Grad-CAM)",
        "--cam-samples": "best and worst images on the contact sheet (default: 8)",
        "--cam-check": "test whether the maps depend on the weights and whether what they mark "
        "matters",
        "--cam-check-samples": "images for that test (default: 64)",
        "--transplant": "exchange muscles between people: how many years travel with the muscle?",
        "--transplant-donors": "partners of each image in that exchange (default: 4)",
        "--transplant-samples": "images that take part in it at most (default: 200)",
        "reports": "numbers and reports",
        "--output-dir": "results go to DIR/<run>/ (default: evaluation_results)",
        "--top-n": "images in each error list (default: 50)",
        "--lang": "English or Chinese (default: auto, from the system)",
        "--quiet": "say only warnings, and where the results are",
        "--full": "also --calibrate, --cam-check, --check-near-duplicates, --transplant",
        "--figure-format": "png, pdf, svg, or several with commas between (default: png)",
        "--calibrate": "also run the validation split: age-bias correction and prediction "
        "intervals from it",
        "--check-near-duplicates": "also look for nearly identical images across the splits",
        "--record-paths": "write paths into the results as they were given, not their ends only",
        "--baseline": "for --compare: compare every other result with this one only",
        "--margin": "for --compare: runs are equivalent where the CI of the MAE difference lies "
        "within it (default: 0.5)",
        "--report": "make report.html of finished results anew",
        "--report-images": "pictures in report.html: all, none, or the N worst and N/4 best "
        "(default: the 200 worst and 50 best)",
        "--compare": "compare finished results (or their predictions.json)",
    },
    "gradcam_options": {
        "usage": "usage: ",
        "description": "Predict the age of single ultrasound images and show the evidence for it.",
        "arguments": "arguments",
        "images": "image files; no workbook is needed",
        "options": "options",
        "--help": "show this help and exit",
        "--checkpoint": "trained network (.pth, .safetensors)",
        "--mask-dir": "folder of masks (default: Masks beside Images)",
        "--layer": "target layer, such as layer3 or layer4[-1].conv2 (default: layer4)",
        "--sign": "evidence to show (default: older, the classical Grad-CAM)",
        "--output-dir": "the figures go there (default: evaluation_results/gradcam)",
        "--lang": "language of all that is said, English or Chinese (default: auto, from the "
        "system)",
        "--trust-checkpoint": "also run the code that a checkpoint may hold: only for files whose "
        "author you know",
    },
}
