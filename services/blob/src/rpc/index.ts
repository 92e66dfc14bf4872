import { BlobServiceService, ObjectServiceService } from '#libs/contracts/blob.ts';
import { implement, type ServiceBinding } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { checkParts } from './check-parts.ts';
import { checkPicture } from './check-picture.ts';
import { commitParts } from './commit-parts.ts';
import { comparePictures } from './compare-pictures.ts';
import { createDownloadUrl } from './create-download-url.ts';
import { createObject } from './create-object.ts';
import { createProject } from './create-project.ts';
import { createUploadUrl } from './create-upload-url.ts';
import { deleteBlob } from './delete-blob.ts';
import { deleteObject } from './delete-object.ts';
import { download } from './download.ts';
import { findObjects } from './find-objects.ts';
import { findUpload } from './find-upload.ts';
import { getObject } from './get-object.ts';
import { keepParts } from './keep-parts.ts';
import { listBlobs } from './list-blobs.ts';
import { listObjects } from './list-objects.ts';
import { listParts } from './list-parts.ts';
import { getPictureSize } from './get-picture-size.ts';
import { statBlob } from './stat-blob.ts';
import { upload } from './upload.ts';

export const services = (ctx: Context): ServiceBinding[] => [
  implement(BlobServiceService, {
    upload: upload(ctx),
    findUpload: findUpload(ctx),
    download: download(ctx),
    statBlob: statBlob(ctx),
    listBlobs: listBlobs(ctx),
    deleteBlob: deleteBlob(ctx),
    commitParts: commitParts(ctx),
    listParts: listParts(ctx),
    checkParts: checkParts(ctx),
    keepParts: keepParts(ctx),
    checkPicture: checkPicture(ctx),
    comparePictures: comparePictures(ctx),
    getPictureSize: getPictureSize(ctx),
    createUploadUrl: createUploadUrl(ctx),
    createDownloadUrl: createDownloadUrl(ctx),
  }),
  implement(ObjectServiceService, {
    createObject: createObject(ctx),
    findObjects: findObjects(ctx),
    createProject: createProject(ctx),
    getObject: getObject(ctx),
    listObjects: listObjects(ctx),
    deleteObject: deleteObject(ctx),
  }),
];
